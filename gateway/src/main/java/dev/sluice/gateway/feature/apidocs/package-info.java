/**
 * What the gateway offers over HTTP, told in OpenAPI 3.1. In: {@code openapi.json} of the class path, which is written
 * by hand. Out: the same with the running version in it.
 */
@NullMarked
package dev.sluice.gateway.feature.apidocs;

import org.jspecify.annotations.NullMarked;
