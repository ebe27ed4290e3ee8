/**
 * The database itself: H2 in a file, or PostgreSQL; its connections, migrations, health and failures. In: statements.
 * Out: their results, or a {@link dev.sluice.gateway.outbound.database.DatabaseException}; each within a deadline. SQL
 * is written out, and runs on both.
 *
 * <p>Every change is one transaction. A transaction that has begun runs to its end although its caller leaves; only
 * {@code IN_DOUBT} leaves open whether it took effect. Results come on threads that must not be blocked.
 */
@NullMarked
package dev.sluice.gateway.outbound.database;

import org.jspecify.annotations.NullMarked;
