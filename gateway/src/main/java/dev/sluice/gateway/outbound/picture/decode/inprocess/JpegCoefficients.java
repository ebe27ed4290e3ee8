package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The coefficients of all blocks of a JPEG, 64 a block in the order of their frequency, two bytes each. They are in
 * native memory that is the C library's: what Java gives out is bounded for the network's sake. Not thread-safe.
 */
@SuppressWarnings("restricted")
final class JpegCoefficients implements AutoCloseable {
    static final int OF_BLOCK = 64;

    private static final MethodHandle CALLOC = function(
            "calloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private final Arena lifetime = Arena.ofConfined();
    private final MemorySegment memory;

    /** All of them zero. */
    JpegCoefficients(long blocks) {
        try {
            MemorySegment start = (MemorySegment) CALLOC.invokeExact(blocks * OF_BLOCK, (long) Short.BYTES);
            if (start.address() == 0) {
                throw new OutOfMemoryError("no memory for " + blocks + " blocks");
            }
            this.memory = start.reinterpret(blocks * OF_BLOCK * Short.BYTES, lifetime, JpegCoefficients::free);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible); // C throws nothing
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
    }

    private static void free(MemorySegment memory) {
        try {
            FREE.invokeExact(memory);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    int get(long index) {
        return memory.getAtIndex(ValueLayout.JAVA_SHORT, index);
    }

    void set(long index, int value) {
        memory.setAtIndex(ValueLayout.JAVA_SHORT, index, (short) value);
    }

    /** Whether this coefficient and the three behind it are zero; {@code index} is a multiple of four. */
    boolean areFourZero(long index) {
        return memory.getAtIndex(ValueLayout.JAVA_LONG, index >> 2) == 0;
    }

    /** Copies the coefficients of the block that begins at {@code index}. */
    void block(long index, short[] to) {
        MemorySegment.copy(memory, ValueLayout.JAVA_SHORT, index * Short.BYTES, to, 0, OF_BLOCK);
    }

    @Override
    public void close() {
        lifetime.close();
    }
}
