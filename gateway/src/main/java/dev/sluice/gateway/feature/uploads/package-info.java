/**
 * Images that callers send themselves, for their listings. In: what an image is going to be, then its bytes, straight
 * to the store. Out: an upload that can be nothing else, and an image in the gallery once its bytes were checked.
 *
 * <pre>
 *   submit-intent  announced: key, size, type, a name   ──→ a signed PUT for each, good for ten minutes
 *   PUT            the store, or the gateway for it, takes exactly that, once
 *   complete       size, magic bytes, pixels            ──→ an image; or the object goes, and the answer says why
 *   never          the intent expires after an hour     ──→ the object goes
 *   over           completed, refused, announced anew   ──→ no PUT is taken; the key is known until its URL ends
 * </pre>
 */
@NullMarked
package dev.sluice.gateway.feature.uploads;

import org.jspecify.annotations.NullMarked;
