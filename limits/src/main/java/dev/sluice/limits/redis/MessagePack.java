package dev.sluice.limits.redis;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Arrays of whole numbers in MessagePack, which the scripts read and write at once, where separate arguments would each
 * be parsed and formatted as text.
 *
 * @see <a href="https://github.com/msgpack/msgpack/blob/master/spec.md">MessagePack specification</a>
 */
final class MessagePack {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);

    private static final int ARRAY_16 = 0xdc;
    private static final int ARRAY_32 = 0xdd;
    private static final int UINT_8 = 0xcc;
    private static final int UINT_16 = 0xcd;
    private static final int UINT_32 = 0xce;
    private static final int UINT_64 = 0xcf;
    private static final int INT_8 = 0xd0;
    private static final int INT_16 = 0xd1;
    private static final int INT_32 = 0xd2;
    private static final int INT_64 = 0xd3;

    private MessagePack() {}

    /** Writes numbers one after another. Not safe for threads. */
    static final class Writer {
        private static final int LONGEST = 9;
        private byte[] bytes = new byte[256];
        private int size;
        private int count;

        void add(long number) {
            if (size + LONGEST > bytes.length) {
                bytes = Arrays.copyOf(bytes, bytes.length * 2);
            }
            count++;
            if (number >= 0 && number < 0x80) {
                bytes[size++] = (byte) number;
            } else if (number >= 0 && number <= 0xffff) {
                bytes[size] = (byte) UINT_16;
                SHORT.set(bytes, size + 1, (short) number);
                size += 3;
            } else if (number >= 0 && number <= 0xffff_ffffL) {
                bytes[size] = (byte) UINT_32;
                INT.set(bytes, size + 1, (int) number);
                size += 5;
            } else {
                bytes[size] = (byte) INT_64;
                LONG.set(bytes, size + 1, number);
                size += LONGEST;
            }
        }

        /** One array of the numbers of all parts. */
        static byte[] array(Writer... parts) {
            int header = 5;
            int length = header;
            int numbers = 0;
            for (Writer part : parts) {
                length += part.size;
                numbers += part.count;
            }
            byte[] array = new byte[length];
            array[0] = (byte) ARRAY_32;
            INT.set(array, 1, numbers);
            int at = header;
            for (Writer part : parts) {
                System.arraycopy(part.bytes, 0, array, at, part.size);
                at += part.size;
            }
            return array;
        }
    }

    /** Reads the numbers of one array. Throws {@link IllegalStateException} for anything else. */
    static final class Reader {
        private final byte[] bytes;
        private int at;
        private int left;

        Reader(byte[] array) {
            bytes = array;
            int type = array[at++] & 0xff;
            if (type >= 0x90 && type <= 0x9f) {
                left = type & 0xf;
            } else if (type == ARRAY_16) {
                left = (short) SHORT.get(bytes, at) & 0xffff;
                at += 2;
            } else if (type == ARRAY_32) {
                left = (int) INT.get(bytes, at);
                at += 4;
            } else {
                throw new IllegalStateException("answer: type " + type + " (expected: an array)");
            }
        }

        /** Numbers that were not read yet. */
        int left() {
            return left;
        }

        long next() {
            if (left-- <= 0) {
                throw new IllegalStateException("answer: no more numbers");
            }
            int type = bytes[at++] & 0xff;
            if (type < 0x80 || type >= 0xe0) {
                return (byte) type;
            }
            int from = at;
            return switch (type) {
                case UINT_8 -> {
                    at += 1;
                    yield bytes[from] & 0xff;
                }
                case INT_8 -> {
                    at += 1;
                    yield bytes[from];
                }
                case UINT_16 -> {
                    at += 2;
                    yield (short) SHORT.get(bytes, from) & 0xffff;
                }
                case INT_16 -> {
                    at += 2;
                    yield (short) SHORT.get(bytes, from);
                }
                case UINT_32 -> {
                    at += 4;
                    yield (int) INT.get(bytes, from) & 0xffff_ffffL;
                }
                case INT_32 -> {
                    at += 4;
                    yield (int) INT.get(bytes, from);
                }
                case UINT_64, INT_64 -> {
                    at += 8;
                    yield (long) LONG.get(bytes, from);
                }
                default -> throw new IllegalStateException("answer: type " + type + " (expected: a whole number)");
            };
        }
    }
}
