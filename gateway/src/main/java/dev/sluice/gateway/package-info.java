/** The application: {@code inbound} guards, {@code feature}s, {@code outbound} connections; read left to right. */
@NullMarked
package dev.sluice.gateway;

import org.jspecify.annotations.NullMarked;
