/**
 * The connection to Redis: what it is, when a command was written to it, when it answered last, and how it is ended
 * when it leads to no master any more, so that the client makes it again: the server is a replica, or nothing is
 * answered. In: answers, errors and silence. Out: times, and a closed connection.
 */
@NullMarked
package dev.sluice.limits.redis.connection;

import org.jspecify.annotations.NullMarked;
