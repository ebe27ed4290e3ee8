/** The web app: pages, modules and styles out, each held in memory as it is sent, behind a strict content policy. */
@NullMarked
package dev.sluice.gateway.feature.webapp;

import org.jspecify.annotations.NullMarked;
