/**
 * What outlives the process, in rows: images, the jobs that generate them, who uses them, and which objects may be in
 * the store. In: values. Out: rows, or a {@link dev.sluice.gateway.outbound.database.DatabaseException}; each answer
 * within a deadline. One repository a table; SQL is written out, and runs on H2 and on PostgreSQL.
 *
 * <p>Every change is one transaction. A change that has begun is carried to its end although its caller leaves; only
 * {@code IN_DOUBT} leaves open whether it took place. Answers come on threads that must not be blocked.
 *
 * <h2>A generation</h2>
 *
 * <pre>
 *                 create                claim: attempt + 1, due when the lease ends
 *   images:    ─────────→ generating        ┌────────────────────────────┐
 *   jobs:      ─────────→ waiting ──────────┘→ leased ── complete ──────→ no job; image completed
 *                            ↑                 │ ↑ │ └── fail ──────────→ no job; image failed
 *                            └──── retryAt ────┘ │ └──── renew, asking, predictionStarted: leased still
 *                                                └────── lease over: whoever claims next has it, as the next attempt
 *   begin to delete the image, in any state ───────────→ no job
 * </pre>
 *
 * The attempt's number is the fence: a worker that lost its lease changes nothing any more, whatever it still believes.
 *
 * <h2>The thumbnails of an image</h2>
 *
 * <pre>
 *   the image is stored ─────→ waiting, attempt 0: left to whoever stored it, for five minutes
 *   claim: attempt + 1 ──────→ waiting, due when the lease ends
 *       complete ────────────→ done: rows of thumbnails, width and height as people see them
 *       impossible ──────────→ impossible: nobody tries again
 *       retryAt, lease over ─→ waiting: whoever claims next has it
 *   lost: the object of a thumbnail is gone ─→ waiting
 * </pre>
 *
 * <h2>An object and its row</h2>
 *
 * At every moment, for each object in the store, an intent or a row names its key.
 *
 * <pre>
 *   create:  announce(key)  →  put the object  →  one transaction: row names the key, intent gone
 *              failed anywhere before: abandon(key) → delete the object → forget(key)
 *              died, or in doubt:      the intent expires → takeExpired() → delete the object → forget(key)
 *   delete:  beginDelete: the row is invisible  →  delete the object  →  finishDelete: the row is gone
 *              died, or the store failed: stuckDeleting() → delete the object → finishDelete
 * </pre>
 *
 * The key of an upload is one that no row ever names: its intent stays until it expires, since whoever has the signed
 * URL may put the object again until then.
 *
 * <p>A key is never used twice by the gateway, so that a writer that comes too late overwrites nothing. An intent that
 * is being removed can no longer become a row: {@code abandon} and {@code takeExpired} race with the transaction for
 * one row of {@code object_intents}, and one of them wins. An intent has to live longer than a put may take, and longer
 * than a URL by which its object can be put, whatever has become of it; what a writer puts after that, having been
 * suspended for example, is found by comparing
 * {@link dev.sluice.gateway.outbound.database.ObjectReferences#inKeyOrder() the keys that rows name} with the store's
 * own listing.
 */
@NullMarked
package dev.sluice.gateway.outbound.database;

import org.jspecify.annotations.NullMarked;
