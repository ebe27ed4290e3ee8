package dev.sluice.gateway.contract;

/** The connection on which an answer goes out: how its client takes it, and its end. Any thread. */
public interface ClientConnection {

    /**
     * How the client takes what is sent to it.
     *
     * @param bytes taken since the connection was opened
     * @param isBehind whether there is more to be taken; if not, nobody waits for this client
     * @param seenNanos when that was seen, on a clock that all connections share: up to a tenth of
     *     {@code sluice.inbound.stalled-after} ago
     */
    record Taken(long bytes, boolean isBehind, long seenNanos) {}

    /** How far the client is. */
    Taken taken();

    /**
     * Closes the connection, as that of a client that stopped reading: an answer under way is cut, and what produces it
     * is cancelled.
     *
     * @param why it is closed, for the log
     */
    void cutOff(String why);
}
