package dev.sluice.gateway;

import dev.sluice.gateway.ProductionRequirements.MissingSettingsException;
import dev.sluice.gateway.contract.CannotStartException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import reactor.netty.ChannelBindException;

/**
 * Says in a few plain lines which setting keeps the gateway from starting, instead of a stack trace. It is for every
 * message of the form that all checks of settings have, wherever in the chain of causes it is:
 *
 * <pre>{@code sluice.zip.concurrency: 0 (expected: 1 to 20)}</pre>
 *
 * <p>Whatever else ends a start is left to the analyzers of Spring Boot.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class StartFailures implements FailureAnalyzer {
    private static final Pattern SETTING = Pattern.compile(
            "((?:sluice|management|server)\\.[A-Za-z0-9._\\[\\]-]+): .* \\(expected: .*\\)", Pattern.DOTALL);
    private static final Pattern NOT_HERE =
            Pattern.compile("assign requested address|not available|not valid", Pattern.CASE_INSENSITIVE);
    private static final int DEEPEST = 50;

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            if (cause instanceof MissingSettingsException lacking) {
                return missing(lacking);
            }
            if (cause instanceof CannotStartException reason) {
                return new FailureAnalysis(reason.getMessage(), reason.action(), reason);
            }
            if (cause instanceof PortInUseException port) {
                return isOfThisMachine(port) ? inUse(port) : notBound(port);
            }
            if (cause instanceof ChannelBindException address) {
                return notBound(address);
            }
            Matcher setting = SETTING.matcher(String.valueOf(cause.getMessage()));
            if (setting.matches()) {
                return wrong(setting, cause);
            }
            cause = cause.getCause();
        }
        return null;
    }

    private static FailureAnalysis missing(MissingSettingsException failure) {
        return new FailureAnalysis(
                "The profile prod needs settings that are missing:\n    " + String.join("\n    ", failure.missing()),
                "Set them, as properties or as the variables that are named, or start without the profile prod, for"
                        + " development.",
                failure);
    }

    private static FailureAnalysis inUse(PortInUseException failure) {
        return new FailureAnalysis(
                "Port " + failure.getPort() + " is in use, by a Sluice that already runs or by another program.",
                "Stop that, or start on another port: SERVER_PORT=8090.",
                failure);
    }

    /** Spring Boot takes every failure to listen for a port in use. */
    private static boolean isOfThisMachine(PortInUseException failure) {
        return !NOT_HERE.matcher(reason(failure)).find();
    }

    /** What the system said. */
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private static FailureAnalysis notBound(Exception failure) {
        return new FailureAnalysis(
                "The gateway cannot listen: " + reason(failure),
                "Check SERVER_ADDRESS, which must be an address of this machine (0.0.0.0: all of them), and SERVER_PORT:"
                        + " below 1024 it may take special rights.",
                failure);
    }

    private static FailureAnalysis wrong(Matcher setting, Throwable failure) {
        return new FailureAnalysis(
                setting.group(),
                "Change " + setting.group(1) + ", in the environment " + variable(setting.group(1)) + ".",
                failure);
    }

    /** As Spring Boot reads it from the environment. */
    private static String variable(String key) {
        return key.replace("-", "")
                .replaceAll("[^A-Za-z0-9]+", "_")
                .replaceAll("_$", "")
                .toUpperCase(Locale.ROOT);
    }
}
