package dev.sluice.gateway.feature.gallery;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Terms that no prompt may hold, as whole words, without regard to case, accents, full-width letters or what stands
 * between the words. The operator's list; it saves the quota and the provider's patience, and replaces no filter of the
 * provider's own.
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

    /** The first term that {@code prompt} holds, as it is configured; null when it holds none. */
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
