/**
 * How connections to Redis are ended that lead to no master any more, so that the client makes them again: on one of
 * them the server is a replica, or nothing is answered. In: answers, errors and silence. Out: a closed connection.
 */
@NullMarked
package dev.sluice.limits.redis.connection;

import org.jspecify.annotations.NullMarked;
