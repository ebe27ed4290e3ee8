package dev.sluice.limits.redis;

import io.lettuce.core.RedisURI;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A Redis server for well-behaved tests: a container where Docker is there, a process of this machine otherwise, or if
 * it was said of which program ({@code limits/bench/servers}).
 */
final class SharedRedis implements AutoCloseable {
    private final Runnable end;
    private final RedisURI uri;

    SharedRedis() {
        if (!RedisProcess.isChosen() && DockerClientFactory.instance().isDockerAvailable()) {
            GenericContainer<?> container =
                    new GenericContainer<>(DockerImageName.parse("redis:7.4-alpine")).withExposedPorts(6379);
            container.start();
            end = container::stop;
            uri = RedisURI.create(container.getHost(), container.getMappedPort(6379));
        } else {
            RedisProcess process = new RedisProcess();
            end = process::close;
            uri = process.uri();
        }
    }

    RedisURI uri() {
        return uri;
    }

    @Override
    public void close() {
        end.run();
    }
}
