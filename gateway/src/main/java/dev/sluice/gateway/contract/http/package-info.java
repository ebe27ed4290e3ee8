/**
 * What the gateway's features and its ways out say in HTTP: representations and their ranges, dates, entity tags, URLs
 * of settings, blocks of addresses. Knows nothing of any feature.
 */
@NullMarked
package dev.sluice.gateway.contract.http;

import org.jspecify.annotations.NullMarked;
