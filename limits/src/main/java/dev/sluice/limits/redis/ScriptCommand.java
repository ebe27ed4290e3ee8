package dev.sluice.limits.redis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The keys of one command for a batch of requests, and what its arguments have in common whatever the script. */
final class ScriptCommand {
    private final String prefix;
    private final List<byte[]> records = new ArrayList<>();
    private final List<byte[]> values = new ArrayList<>();
    private final List<byte[]> names = new ArrayList<>();
    private final Map<String, Integer> valueNumbers = new HashMap<>();
    private final Map<String, Integer> nameNumbers = new HashMap<>();
    private final List<PartReservation> requests = new ArrayList<>();

    ScriptCommand(String prefix) {
        this.prefix = prefix;
    }

    /** Adds a request. */
    void add(PartReservation reserved) {
        requests.add(reserved);
        records.add(Keys.bytes(Keys.record(prefix, reserved.tag, reserved.id)));
    }

    /** The number of a value, from 1. */
    int value(String key) {
        Integer known = valueNumbers.get(key);
        if (known != null) {
            return known;
        }
        values.add(Keys.bytes(key));
        valueNumbers.put(key, values.size());
        return values.size();
    }

    /** The number of a counter's name, from 1. */
    int name(String name) {
        Integer known = nameNumbers.get(name);
        return known == null ? newName(name) : known;
    }

    private int newName(String name) {
        int number = addName(name);
        nameNumbers.put(name, number);
        return number;
    }

    /** The number of a name that is not looked up again. */
    int addName(String name) {
        names.add(Keys.bytes(name));
        return names.size();
    }

    byte[][] keys() {
        byte[][] keys = new byte[records.size() + values.size()][];
        int at = 0;
        for (byte[] key : records) {
            keys[at++] = key;
        }
        for (byte[] key : values) {
            keys[at++] = key;
        }
        return keys;
    }

    /** {@code numbers}, the hashes of the requests' ids, and the names of counters. */
    byte[][] arguments(byte[] numbers) {
        byte[][] arguments = new byte[2 + names.size()][];
        byte[] hashes = new byte[requests.size() * Keys.HASH_BYTES];
        for (int i = 0; i < requests.size(); i++) {
            Keys.putHash(requests.get(i).hash, hashes, i * Keys.HASH_BYTES);
        }
        arguments[0] = numbers;
        arguments[1] = hashes;
        for (int i = 0; i < names.size(); i++) {
            arguments[2 + i] = names.get(i);
        }
        return arguments;
    }
}
