package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.Database;
import dev.sluice.gateway.outbound.database.Rows;
import java.util.UUID;
import reactor.core.publisher.Mono;

/** The rows of {@code generation_jobs} that no worker has claimed, in the order in which they are claimed. */
public final class GenerationQueue {
    private final Database database;

    GenerationQueue(Database database) {
        this.database = database;
    }

    /** The place of an image's job: 1 for the next to be claimed. Empty if it is claimed, or there is none. */
    public Mono<Long> position(UUID imageId) {
        return database.query(client -> client.sql("""
                        SELECT 1 + (SELECT COUNT(*) FROM generation_jobs other
                            WHERE other.lease_owner IS NULL AND (other.due_at < mine.due_at
                                OR (other.due_at = mine.due_at AND other.image_id < mine.image_id))) AS place
                        FROM generation_jobs mine WHERE mine.image_id = :image AND mine.lease_owner IS NULL
                        """)
                .bind("image", imageId)
                .map(row -> Rows.number(row, "place"))
                .one());
    }
}
