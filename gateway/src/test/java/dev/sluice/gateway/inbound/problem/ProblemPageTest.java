package dev.sluice.gateway.inbound.problem;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page's link leads to the start page from wherever the problem is. */
class ProblemPageTest {

    @ParameterizedTest
    @CsvSource({"'', ./", "*, ./", "nothing, ./", "/, ./", "/a, ./", "/a/, ./../", "/a/b/c, ./../../"})
    void linkLeadsToTheRootAlsoFromATargetWithoutASlash(String path, String root) {
        GatewayException problem = new GatewayException(ProblemCode.NOT_FOUND, "<script>");

        String page = new String(ProblemPage.of(problem, path, "id"), StandardCharsets.UTF_8);

        assertThat(page).contains("<a href=\"" + root + "\">", "&lt;script&gt;");
    }
}
