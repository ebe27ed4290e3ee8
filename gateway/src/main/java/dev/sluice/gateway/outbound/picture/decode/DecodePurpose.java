package dev.sluice.gateway.outbound.picture.decode;

/** What a picture is decoded for. Each purpose has its own queue, so that a flood of one cannot starve another. */
public enum DecodePurpose {
    /** A new file: an import, an upload, a generated image. Somebody waits for it. */
    INTAKE,
    /** A smaller copy of a stored picture, made on request. Somebody waits for it. */
    TRANSFORM,
    /** A background pass over stored pictures. Nobody waits for it. */
    BACKGROUND
}
