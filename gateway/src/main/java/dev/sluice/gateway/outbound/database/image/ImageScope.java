package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.StoredText;
import java.util.Set;

/** Whose images an operation sees. It is a condition of the statement itself: what is out of scope is not there. */
public sealed interface ImageScope {

    /** One owner's. */
    record OwnedBy(String owner) implements ImageScope {
        public OwnedBy {
            StoredText.check("owner", owner, Image.LONGEST_NAME);
        }
    }

    /** Those of some projects, of whatever owner; at most 1000 projects. None: nothing. */
    record InProjects(Set<String> projects) implements ImageScope {
        private static final int MOST = 1000;

        public InProjects {
            if (projects.size() > MOST) {
                throw new IllegalArgumentException(
                        "projects: " + projects.size() + " (expected: at most " + MOST + ")");
            }
            projects.forEach(project -> StoredText.check("project", project, Image.LONGEST_NAME));
            projects = Set.copyOf(projects);
        }
    }

    /** All of them. */
    record Everywhere() implements ImageScope {}
}
