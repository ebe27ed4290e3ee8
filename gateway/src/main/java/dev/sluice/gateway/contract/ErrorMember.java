package dev.sluice.gateway.contract;

/** What the member {@code error} of a problem's body repeats, for clients of older APIs. */
public enum ErrorMember {
    /** The stable code: everywhere, unless an endpoint says otherwise. */
    CODE,
    /** The sentence for people. */
    DETAIL
}
