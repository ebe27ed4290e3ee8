/**
 * Images as rows, and what belongs to them: the jobs that generate them, their thumbnails, who uses them, uploads, and
 * which objects may be in the store. In: values. Out: rows, or a
 * {@link dev.sluice.gateway.outbound.database.DatabaseException}. One repository a table.
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
 *       markUndecodable ─────→ impossible: nobody tries again
 *       retryAt, lease over ─→ waiting: whoever claims next has it
 *   markLost: the object of a thumbnail is gone ─→ waiting
 * </pre>
 *
 * <h2>An object and its row</h2>
 *
 * At every moment, for each object in the store, an intent or a row names its key.
 *
 * <pre>
 *   create:  announce(key)  →  put the object  →  one transaction: row names the key, intent gone
 *              failed anywhere before: abandon(key) → delete the object → forget(key)
 *              crash, or in doubt:     the intent expires → takeExpired() → delete the object → forget(key)
 *   delete:  beginDelete: the row is invisible  →  delete the object  →  finishDelete: the row is gone
 *              crash, or store failure: stuckDeleting() → delete the object → finishDelete
 * </pre>
 *
 * No row ever names the key of an upload: its intent stays until it expires, since the holder of the signed URL may put
 * the object again until then.
 *
 * <p>A key is never used twice by the gateway, so that a late writer overwrites nothing. An intent that is being
 * removed can no longer become a row: {@code abandon} and {@code takeExpired} race with the transaction for one row of
 * {@code object_intents}, and one of them wins. An intent lives longer than a put may take, and longer than any URL by
 * which its object can be put. What a writer puts after that, for example after a suspension, is found by comparing
 * {@link dev.sluice.gateway.outbound.database.image.ObjectReferences#inKeyOrder() the keys that rows name} with the
 * store's own listing.
 */
@NullMarked
package dev.sluice.gateway.outbound.database.image;

import org.jspecify.annotations.NullMarked;
