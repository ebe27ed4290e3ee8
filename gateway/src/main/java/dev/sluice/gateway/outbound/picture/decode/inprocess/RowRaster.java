package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.awt.Point;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.SampleModel;
import java.awt.image.WritableRaster;

/**
 * A destination for Java's reader of JPEG that keeps nothing: rows are handed on as they are decoded. The reader writes
 * each by {@link #setRect}, into whatever destination it is given.
 */
final class RowRaster extends WritableRaster {
    private final Rows rows;

    /** Where rows go. */
    @FunctionalInterface
    interface Rows {
        /** Takes one row of samples, pixel by pixel, valid during the call. */
        void row(int y, Raster row);
    }

    /** @param model of bytes, in the size of the picture */
    RowRaster(SampleModel model, Rows rows) {
        super(model, new DataBufferByte(1), new Point());
        this.rows = rows;
    }

    @Override
    public void setRect(int x, int y, Raster row) {
        rows.row(y, row);
    }
}
