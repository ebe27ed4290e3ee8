/** What archives of images are asked for with, and how one feature has another make one. */
@NullMarked
package dev.sluice.gateway.contract.archive;

import org.jspecify.annotations.NullMarked;
