package dev.sluice.gateway;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/** Says where the gateway is when it has started. */
final class StartMessage implements ApplicationListener<ApplicationReadyEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(StartMessage.class);

    @Override
    public void onApplicationEvent(ApplicationReadyEvent ready) {
        Environment environment = ready.getApplicationContext().getEnvironment();
        String port = environment.getProperty("local.server.port");
        String operations = environment.getProperty("local.management.port", "");
        if (port != null) {
            LOG.info(
                    "Sluice is ready: {} at http://localhost:{}/, operations at http://localhost:{}/actuator",
                    environment.getProperty("sluice.web-app.enabled", Boolean.class, true) ? "its web app" : "its API",
                    port,
                    operations.isEmpty() ? port : operations);
        }
    }
}
