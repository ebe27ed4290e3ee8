package dev.sluice.gateway.testing;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.InstantiationAwareBeanPostProcessor;

/**
 * Gives each further gateway of a JVM of tests what the first has made of files of the class path alone, and what
 * nothing changes: the compressed web app and the API's document are made hundreds of times otherwise.
 */
final class ClassPathBeans implements InstantiationAwareBeanPostProcessor {
    private static final Set<String> NAMES = Set.of("webAppFiles", "apiDocument", "apiPageRoutes");
    private static final Map<String, Object> MADE = new ConcurrentHashMap<>();

    @Override
    public @Nullable Object postProcessBeforeInstantiation(Class<?> type, String name) {
        return MADE.get(name);
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (NAMES.contains(name)) {
            MADE.putIfAbsent(name, bean);
        }
        return bean;
    }
}
