/**
 * Images with owners: generated, imported, listed, served, sent on, deleted. In: requests, and jobs that outlive them.
 * Out: images, as JSON and as bytes. Nothing is lost and nothing leaks: an object has a row, and a row its object.
 */
@NullMarked
package dev.sluice.gateway.feature.gallery;

import org.jspecify.annotations.NullMarked;
