package dev.sluice.gateway.outbound.ai.text;

/** How an answer is wanted. */
public enum Delivery {
    /** In one piece, when it is complete. */
    WHOLE,
    /** In pieces, as the model writes them. */
    STREAMED
}
