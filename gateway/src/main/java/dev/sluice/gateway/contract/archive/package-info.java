/** What an archive of images is asked for with, and the port by which one feature has another make it. */
@NullMarked
package dev.sluice.gateway.contract.archive;

import org.jspecify.annotations.NullMarked;
