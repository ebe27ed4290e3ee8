package dev.sluice.gateway.outbound.picture.decode.vips;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Takes the network, and the memory of other processes, from the calling thread and from whatever it starts, for good:
 * a seccomp filter (Linux, {@code seccomp(2)}) under which the system calls that lead there fail with {@code EACCES}.
 * Other threads of the process are not touched. What is open already stays open.
 *
 * <p>The filter is a program of classic BPF over the number of the system call and its calling convention:
 *
 * <pre>
 *   load convention;  another than this machine's own → refuse
 *   load number;      of the x32 convention → refuse
 *                     one of those listed → refuse
 *                     allow
 * </pre>
 */
final class SeccompFilter {
    private static final int PR_SET_SECCOMP = 22;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SECCOMP_MODE_FILTER = 2;

    private static final int SECCOMP_RET_ALLOW = 0x7fff0000;
    private static final int SECCOMP_RET_ERRNO = 0x00050000;
    private static final int EACCES = 13;

    private static final short LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private static final short JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private static final short JUMP_IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    private static final short RETURN = 0x06; // BPF_RET | BPF_K

    /** Offsets in {@code struct seccomp_data}. */
    private static final int NUMBER = 0;

    private static final int CONVENTION = 4;

    private static final int X32 = 0x40000000;

    /** {@code struct sock_filter} and {@code struct sock_fprog} of {@code linux/filter.h}. */
    private static final int INSTRUCTION = 8;

    private static final StructLayout PROGRAM = MemoryLayout.structLayout(
            ValueLayout.JAVA_SHORT.withName("length"),
            MemoryLayout.paddingLayout(ValueLayout.ADDRESS.byteSize() - Short.BYTES),
            ValueLayout.ADDRESS.withName("instructions"));

    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    /**
     * The system calls of a machine that are refused, in this order: socket, io_uring_setup, ptrace, process_vm_readv,
     * process_vm_writev, pidfd_getfd.
     */
    private record Machine(int convention, List<Integer> refused) {}

    private static final Map<String, Machine> MACHINES = Map.of(
            "amd64", new Machine(0xc000003e, List.of(41, 425, 101, 310, 311, 438)),
            "aarch64", new Machine(0xc00000b7, List.of(198, 425, 117, 270, 271, 438)));

    private SeccompFilter() {}

    /** Puts the filter before the calling thread. Null if it stands, else why it does not. */
    static @Nullable String install() {
        Machine machine = MACHINES.get(System.getProperty("os.arch"));
        if (!"Linux".equals(System.getProperty("os.name")) || machine == null) {
            return "there is a filter for Linux on x86_64 and aarch64 only";
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(PROGRAM);
            MemorySegment instructions = instructions(arena, machine);
            program.set(ValueLayout.JAVA_SHORT, 0, (short) (instructions.byteSize() / INSTRUCTION));
            program.set(ValueLayout.ADDRESS, ValueLayout.ADDRESS.byteSize(), instructions);
            // Without the first, only root may do the second.
            String refusal = prctl(arena, PR_SET_NO_NEW_PRIVS, 1, 0);
            return refusal == null ? prctl(arena, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program.address()) : refusal;
        }
    }

    private static MemorySegment instructions(Arena arena, Machine machine) {
        int count = machine.refused.size() + 6;
        int refuse = count - 1;
        MemorySegment code = arena.allocate((long) count * INSTRUCTION, 4);
        int at = 0;
        put(code, at++, LOAD, 0, 0, CONVENTION);
        put(code, at, JUMP_IF_EQUAL, 0, refuse - at - 1, machine.convention);
        at++;
        put(code, at++, LOAD, 0, 0, NUMBER);
        put(code, at, JUMP_IF_AT_LEAST, refuse - at - 1, 0, X32);
        at++;
        for (int number : machine.refused) {
            put(code, at, JUMP_IF_EQUAL, refuse - at - 1, 0, number);
            at++;
        }
        put(code, at++, RETURN, 0, 0, SECCOMP_RET_ALLOW);
        put(code, at, RETURN, 0, 0, SECCOMP_RET_ERRNO | EACCES);
        return code;
    }

    private static void put(MemorySegment code, int index, short operation, int ifTrue, int ifFalse, int operand) {
        MemorySegment instruction = code.asSlice((long) index * INSTRUCTION, INSTRUCTION);
        instruction.set(ValueLayout.JAVA_SHORT, 0, operation);
        instruction.set(ValueLayout.JAVA_BYTE, 2, (byte) ifTrue);
        instruction.set(ValueLayout.JAVA_BYTE, 3, (byte) ifFalse);
        instruction.set(ValueLayout.JAVA_INT, 4, operand);
    }

    /** Null if the call succeeded. */
    @SuppressWarnings("restricted") // native access is enabled wherever the gateway runs
    private static @Nullable String prctl(Arena arena, int option, long second, long third) {
        Linker linker = Linker.nativeLinker();
        MemorySegment function = linker.defaultLookup().find("prctl").orElse(null);
        if (function == null) {
            return "there is no prctl";
        }
        MethodHandle prctl = linker.downcallHandle(
                function,
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(1),
                Linker.Option.captureCallState("errno"));
        MemorySegment state = arena.allocate(CALL_STATE);
        try {
            int result = (int) prctl.invokeExact(state, option, second, third, 0L, 0L);
            return result == 0 ? null : "prctl(" + option + ") failed with errno " + (int) ERRNO.get(state, 0L);
        } catch (Throwable failed) {
            return "prctl cannot be called: " + failed;
        }
    }
}
