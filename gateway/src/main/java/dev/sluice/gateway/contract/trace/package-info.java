/** The spans of a traced request: the way in begins the first, whoever calls out adds those below it. */
@NullMarked
package dev.sluice.gateway.contract.trace;

import org.jspecify.annotations.NullMarked;
