package dev.sluice.gateway.contract;

/**
 * Checks of the settings below one prefix. A refusal is one sentence: the whole key, its value, what was expected.
 *
 * @param prefix with the dot at its end, for example {@code sluice.zip.}
 */
public record SettingCheck(String prefix) {

    /**
     * Refuses what is not {@code least}, {@code most} or between them.
     *
     * @throws IllegalArgumentException naming key, value and both ends
     */
    public <T extends Comparable<T>> void between(String name, T value, T least, T most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw bad(name, value, least + " to " + most);
        }
    }

    /** To be thrown: the value of {@code name} is not what was expected. */
    public IllegalArgumentException bad(String name, Object value, String expected) {
        return new IllegalArgumentException(prefix + name + ": " + value + " (expected: " + expected + ")");
    }
}
