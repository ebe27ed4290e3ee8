package dev.sluice.gateway.contract.archive;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What an image that cannot be had means for the others of its request. */
public enum OnError {
    /** It is left out, and named apart. */
    @JsonProperty("skip")
    SKIP,
    /** There is nothing without it: all are collected before anything is answered. */
    @JsonProperty("fail")
    FAIL,
    /** The archive begins at once and breaks off where it is missing. */
    @JsonProperty("cut")
    CUT
}
