/**
 * Where images are kept. In: bytes of a known length under a new key. Out: the same bytes, whole or by range, or a
 * {@link dev.sluice.gateway.outbound.storage.StorageException} that says what went wrong. Two adapters behind one
 * contract: a local directory, and S3 when a bucket is named. The operator chooses where the store is, so the URL
 * policy for callers does not apply here.
 */
@NullMarked
package dev.sluice.gateway.outbound.storage;

import org.jspecify.annotations.NullMarked;
