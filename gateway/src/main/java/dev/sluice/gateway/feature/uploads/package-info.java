/**
 * Images that callers send themselves, for their listings. In: what an image is going to be, then its bytes, straight
 * to the store. Out: an upload that can be nothing else, and an image in the gallery once its bytes were checked.
 *
 * <pre>
 *   submit-intent  announced: key, size, type, a name   ──→ a signed PUT for each, good for ten minutes
 *   PUT            the store, or the gateway for it, takes exactly that, under the upload's own key
 *   complete       size, magic bytes, pixels            ──→ an image: what was checked, copied to a key of its own;
 *                                                           or an answer that says why not. The upload's object goes
 *   later          the intent expires after an hour     ──→ what was put and not completed goes, or put again
 * </pre>
 *
 * Nobody is served what is under an upload's own key: whoever has its URL may write there until that expires.
 */
@NullMarked
package dev.sluice.gateway.feature.uploads;

import org.jspecify.annotations.NullMarked;
