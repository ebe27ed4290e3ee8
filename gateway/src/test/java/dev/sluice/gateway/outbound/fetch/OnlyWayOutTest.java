package dev.sluice.gateway.outbound.fetch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * A URL that a caller gives is only ever followed here. Providers, storage and the token issuer are at URLs that the
 * operator configured, asked by clients of their own.
 */
@AnalyzeClasses(packages = "dev.sluice.gateway", importOptions = DoNotIncludeTests.class)
class OnlyWayOutTest {
    private static final String[] OPERATORS_URLS = {
        "dev.sluice.gateway.outbound.fetch..",
        "dev.sluice.gateway.outbound.http..",
        "dev.sluice.gateway.outbound.ai..",
        "dev.sluice.gateway.outbound.wordpress..",
        "dev.sluice.gateway.outbound.storage.."
    };

    @ArchTest
    static final ArchRule nothingElseHasAnHttpClient = noClasses()
            .that()
            .resideOutsideOfPackages(OPERATORS_URLS)
            .and()
            .haveNameNotMatching("dev\\.sluice\\.gateway\\.inbound\\.identity\\.(IssuerKeys|CoalescingCache)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "reactor.netty.http.client..",
                    "reactor.netty.tcp..",
                    "java.net.http..",
                    "org.springframework.web.reactive.function.client..",
                    "org.springframework.web.client..",
                    "org.springframework.http.client.reactive..",
                    "org.springframework.boot.webclient..",
                    "org.springframework.boot.restclient..");

    @ArchTest
    static final ArchRule nothingElseOpensConnections = noClasses()
            .that()
            .resideOutsideOfPackages(OPERATORS_URLS)
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.net.Socket")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.net.URLConnection")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.net.HttpURLConnection")
            .orShould()
            .callMethod(java.net.URL.class, "openStream")
            .orShould()
            .callMethod(java.net.URL.class, "openConnection");

    @ArchTest
    static final ArchRule nothingElseResolvesNames = noClasses()
            .should()
            .callMethod(java.net.InetAddress.class, "getByName", String.class)
            .orShould()
            .callMethod(java.net.InetAddress.class, "getAllByName", String.class);
}
