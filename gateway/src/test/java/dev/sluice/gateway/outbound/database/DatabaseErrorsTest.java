package dev.sluice.gateway.outbound.database;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.R2dbcBadGrammarException;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.R2dbcNonTransientResourceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseErrorsTest {

    /** As when a pooler that is too old is put before the database while the gateway runs. */
    @ParameterizedTest
    @ValueSource(strings = {"42P05", "26000"})
    void statementThatAPoolerMixedUpSaysWhichPoolerItNeeds(String state) {
        R2dbcException refused = "26000".equals(state)
                ? new R2dbcNonTransientResourceException("prepared statement \"S_1\" does not exist", state)
                : new R2dbcBadGrammarException("prepared statement \"S_1\" already exists", state);

        DatabaseException failed = DatabaseErrors.of(new IllegalStateException(refused), false);
        assertThat(failed.kind()).isEqualTo(DatabaseException.Kind.UNAVAILABLE);
        assertThat(failed)
                .hasMessageContaining("mixes up the prepared statements of its clients")
                .hasMessageContaining("PgBouncer has to be 1.21 or later");
        assertThat(DatabaseErrors.reason(refused)).contains("\"S_1\"", "PgBouncer has to be 1.21 or later");
    }

    @Test
    void otherStatementThatIsRefusedSaysNothingOfPoolers() {
        R2dbcException refused = new R2dbcBadGrammarException("relation \"kept\" does not exist", "42P01");

        assertThat(DatabaseErrors.of(refused, false)).hasMessage("the database refuses a statement");
        assertThat(DatabaseErrors.reason(refused)).doesNotContain("PgBouncer");
    }
}
