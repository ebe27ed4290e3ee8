/** What happens to every request, whatever it asks for. */
@NullMarked
package dev.sluice.gateway.inbound;

import org.jspecify.annotations.NullMarked;
