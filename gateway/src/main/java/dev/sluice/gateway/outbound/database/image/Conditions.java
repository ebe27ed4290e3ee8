package dev.sluice.gateway.outbound.database.image;

import static dev.sluice.gateway.outbound.database.Rows.time;

import dev.sluice.gateway.outbound.database.StoredText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;

/** The part of a statement after WHERE, with what it binds. */
final class Conditions {
    private final StringBuilder sql = new StringBuilder();
    private final Map<String, Object> values = new LinkedHashMap<>();

    /** Images that callers of this scope may see: those being deleted are gone for them. */
    static Conditions visible(ImageScope scope) {
        return new Conditions().in(scope).and("deleting_since IS NULL");
    }

    /** Images of this scope, also those being deleted. */
    static Conditions within(ImageScope scope) {
        return new Conditions().in(scope);
    }

    private Conditions in(ImageScope scope) {
        return switch (scope) {
            case ImageScope.OwnedBy(var owner) -> and("owner = :owner", "owner", owner);
            case ImageScope.InProjects(var projects) when projects.isEmpty() -> and("1 = 0");
            case ImageScope.InProjects(var projects) -> and("project_id IN (:scope)", "scope", List.copyOf(projects));
            case ImageScope.Everywhere() -> and("1 = 1");
        };
    }

    Conditions and(String condition) {
        sql.append(sql.isEmpty() ? "" : " AND ").append(condition);
        return this;
    }

    Conditions and(String condition, String name, Object value) {
        values.put(name, value);
        return and(condition);
    }

    Conditions and(ImageFilter filter) {
        if (filter.status() != null) {
            and("status = :status", "status", filter.status().code());
        }
        if (filter.projectId() != null) {
            and("project_id = :project", "project", filter.projectId());
        }
        if (filter.text() != null && !filter.text().isEmpty()) {
            and(
                    "(prompt_folded LIKE :text ESCAPE '!' OR alt_folded LIKE :text ESCAPE '!'"
                            + " OR name_folded LIKE :text ESCAPE '!')",
                    "text",
                    StoredText.likePattern(filter.text()));
        }
        return this;
    }

    /** What follows that place in a listing, newest first and of the same microsecond by descending id; null: all. */
    Conditions after(@Nullable ImageCursor cursor) {
        if (cursor != null) {
            values.put("afterTime", time(cursor.createdAt()));
            // The first of them alone is what an index by time can be entered with.
            and("created_at <= :afterTime AND (created_at < :afterTime OR id < :afterId)", "afterId", cursor.id());
        }
        return this;
    }

    /** The statement with these conditions between its two halves, and bound. */
    GenericExecuteSpec statement(DatabaseClient client, String before, String after) {
        return client.sql(before + " WHERE " + sql + " " + after).bindValues(values);
    }
}
