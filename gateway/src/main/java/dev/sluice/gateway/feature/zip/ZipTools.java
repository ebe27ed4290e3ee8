package dev.sluice.gateway.feature.zip;

import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

/** What all downloads of the process share. */
record ZipTools(
        ImageIntake intake, ZipProperties properties, SlowestReaders readers, JsonMapper json, Scheduler timer) {}
