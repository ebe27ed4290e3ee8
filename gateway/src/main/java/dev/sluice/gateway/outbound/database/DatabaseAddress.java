package dev.sluice.gateway.outbound.database;

import io.r2dbc.spi.ConnectionFactoryOptions;
import java.util.Map;
import java.util.Properties;

/** Where the database is, for the driver that serves and for the one that migrates. Prints without the password. */
sealed interface DatabaseAddress permits H2Address, PostgresAddress {

    /** For the reactive driver. */
    ConnectionFactoryOptions reactive(DatabaseProperties properties);

    /** For the migration's driver, which blocks. */
    String jdbcUrl();

    /** User, password and timeouts of that driver. */
    Properties jdbcProperties(DatabaseProperties properties);

    /** What the migrations leave open between the two dialects. */
    Map<String, String> placeholders();

    /** What an operator should look at when the database cannot be opened. */
    String advice();
}
