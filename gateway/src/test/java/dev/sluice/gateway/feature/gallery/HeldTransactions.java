package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.feature.gallery.KillableGateway.Step;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.locks.LockSupport;
import org.h2.api.Trigger;
import org.jspecify.annotations.Nullable;

/**
 * Has H2 stop within the transaction in which an image is completed and its job goes, until the process is killed. A
 * gateway that opens the database later has the trigger too, and nothing names a step to it.
 */
public final class HeldTransactions implements Trigger {

    static void install(String url) {
        try (Connection database = DriverManager.getConnection(url, "sluice", "");
                Statement statement = database.createStatement()) {
            statement.execute("CREATE TRIGGER held AFTER DELETE ON generation_jobs FOR EACH ROW CALL '"
                    + HeldTransactions.class.getName() + "'");
        } catch (SQLException failed) {
            throw new IllegalStateException("no trigger in " + url, failed);
        }
    }

    @Override
    public void fire(Connection database, @Nullable Object @Nullable [] before, @Nullable Object @Nullable [] after) {
        if (KillableGateway.isHeld(Step.WITHIN_THE_TRANSACTION)) {
            System.out.println(KillableGateway.HELD + Step.WITHIN_THE_TRANSACTION);
            while (true) {
                LockSupport.park();
            }
        }
    }
}
