package dev.sluice.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;

/** What the folders promise: which tier knows which, and that each says what it is for. */
@AnalyzeClasses(packages = "dev.sluice", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String ROOT = "dev.sluice.gateway";
    private static final String CONTRACT = ROOT + ".contract..";
    private static final String INBOUND = ROOT + ".inbound..";
    private static final String FEATURE = ROOT + ".feature..";
    private static final String OUTBOUND = ROOT + ".outbound..";
    private static final String ZIPSTREAM = "dev.sluice.zipstream..";
    private static final String LIMITS = "dev.sluice.limits..";

    @ArchTest
    static final ArchRule contractKnowsNothingOfOurs = tier(CONTRACT, CONTRACT);

    @ArchTest
    static final ArchRule inboundKnowsContractAndLibraries = tier(INBOUND, INBOUND, CONTRACT, LIMITS, ZIPSTREAM);

    @ArchTest
    static final ArchRule featuresKnowOutboundContractAndLibraries =
            tier(FEATURE, FEATURE, OUTBOUND, CONTRACT, LIMITS, ZIPSTREAM);

    @ArchTest
    static final ArchRule outboundKnowsContractAndByteOperators = tier(OUTBOUND, OUTBOUND, CONTRACT, ZIPSTREAM);

    @ArchTest
    static final ArchRule zipstreamStandsAlone = tier(ZIPSTREAM, ZIPSTREAM);

    @ArchTest
    static final ArchRule limitsStandAlone = tier(LIMITS, LIMITS);

    @ArchTest
    static final ArchRule limitsKnowNoSpring = noClasses()
            .that()
            .resideInAPackage(LIMITS)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.springframework..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule noFeatureKnowsAnother =
            slices().matching(ROOT + ".feature.(*)..").should().notDependOnEachOther();

    @ArchTest
    static final ArchRule everyPackageIsNullMarked = classes().should(standInANullMarkedPackage());

    @ArchTest
    static final ArchRule namesSayWhatTheThingIs = noClasses()
            .should()
            .resideInAnyPackage("..util..", "..common..", "..helper..", "..impl..")
            .orShould()
            .haveSimpleNameEndingWith("Impl")
            .orShould()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Utils");

    @ArchTest
    static final ArchRule nothingBlocksOrSleeps = noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethodWhere(DescribedPredicate.describe(
                    "Reactor's block methods",
                    call -> call.getTargetOwner().getPackageName().startsWith("reactor.core.publisher")
                            && Pattern.matches("block(First|Last|Optional)?", call.getName())));

    private static ArchRule tier(String tier, String... mayKnow) {
        return noClasses()
                .that()
                .resideInAPackage(tier)
                .should()
                .dependOnClassesThat(
                        ours().and(DescribedPredicate.not(JavaClass.Predicates.resideInAnyPackage(mayKnow))))
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaClass> ours() {
        return JavaClass.Predicates.resideInAPackage("dev.sluice..");
    }

    private static ArchCondition<JavaClass> standInANullMarkedPackage() {
        return new ArchCondition<>("stand in a @NullMarked package") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
                events.add(new SimpleConditionEvent(
                        type, marked, type.getPackageName() + " has no @NullMarked package-info.java"));
            }
        };
    }
}
