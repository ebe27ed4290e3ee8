package dev.sluice.gateway.feature.gallery;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Terms that no prompt may contain, as whole words, without regard to case, accents, full-width letters or what stands
 * between the words. The list is the operator's; it saves quota and needless calls, and does not replace the provider's
 * own filter.
 */
final class PromptRules {
    private record Term(String folded, String configured) {}

    private final List<Term> terms;

    PromptRules(List<String> terms) {
        this.terms = terms.stream()
                .map(term -> new Term(folded(term), term))
                .filter(term -> !term.folded().isBlank())
                .toList();
    }

    /** The first term that {@code prompt} contains, as configured; null if it contains none. */
    @Nullable String forbidden(String prompt) {
        String folded = folded(prompt);
        for (Term term : terms) {
            if (folded.contains(term.folded())) {
                return term.configured();
            }
        }
        return null;
    }

    /** Words of lower-case letters and digits with one space around each. */
    private static String folded(String text) {
        String plain = Normalizer.normalize(text, Normalizer.Form.NFKD).replaceAll("[\\p{M}\\p{Cf}]", "");
        String words = plain.toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}]+", " ")
                .strip();
        return words.isEmpty() ? "" : " " + words + " ";
    }
}
