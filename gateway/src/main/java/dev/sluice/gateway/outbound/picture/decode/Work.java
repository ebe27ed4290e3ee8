package dev.sluice.gateway.outbound.picture.decode;

/** What decoding is for. Each kind has its turn, so that a flood of one cannot starve another. */
public enum Work {
    /** A file on its way in: an import, an upload, a generated image. Somebody waits for it. */
    INTAKE,
    /** A smaller copy of what is there, made when it is asked for. Somebody waits for it. */
    TRANSFORM,
    /** A pass over what is there. Nobody waits for it. */
    BACKGROUND
}
