package dev.sluice.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    private static final long MOST_TYPES = 30;

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

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("dev.sluice.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule filesAreFreeOfCycles =
            slices().assignedFrom(new ByFile()).should().beFreeOfCycles();

    @ArchTest
    static void noTwoTypesShareASimpleName(JavaClasses classes) {
        Map<String, List<String>> byName = topLevel(classes)
                .collect(Collectors.groupingBy(
                        JavaClass::getSimpleName, TreeMap::new, Collectors.mapping(JavaClass::getName, toList())));
        byName.values().removeIf(types -> types.size() == 1);

        assertThat(byName).as("simple names that several types have").isEmpty();
    }

    @ArchTest
    static void noPackageHasMoreThanThirtyTypes(JavaClasses classes) {
        Map<String, Long> sizes = topLevel(classes)
                .collect(Collectors.groupingBy(JavaClass::getPackageName, TreeMap::new, Collectors.counting()));
        sizes.values().removeIf(size -> size <= MOST_TYPES);

        assertThat(sizes).as("packages of more than " + MOST_TYPES + " types").isEmpty();
    }

    private static Stream<JavaClass> topLevel(JavaClasses classes) {
        return classes.stream()
                .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"));
    }

    /** A type and all that is nested in it are one slice. */
    private static final class ByFile implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            JavaClass outer = type;
            while (outer.getEnclosingClass().isPresent()) {
                outer = outer.getEnclosingClass().get();
            }
            return ours().test(outer) ? SliceIdentifier.of(outer.getName()) : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "files";
        }
    }

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
