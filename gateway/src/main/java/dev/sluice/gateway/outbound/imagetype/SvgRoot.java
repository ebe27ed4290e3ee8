package dev.sluice.gateway.outbound.imagetype;

import java.io.StringReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * The root element of an SVG document, as a streaming XML reader finds it.
 *
 * <pre>
 *   byte order mark, XML declaration, comments, processing instructions,
 *   DOCTYPE with or without an internal subset, &lt;svg width="…" height="…" viewBox="…"&gt;
 * </pre>
 *
 * <p>Nothing is ever expanded or fetched: document types are passed over, a reference to an entity stands for an
 * unknown value. So files of Adobe Illustrator, which name even the namespace by an entity, are recognised, and a
 * document that unfolds into gigabytes is a few kilobytes here. What ends a document type early for this reader
 * ({@code ]>} within a comment of its subset) makes the document none.
 *
 * @param name with its prefix, as it stands in the end tag
 * @param width null if there is none
 * @param height null if there is none
 * @param viewBox null if there is none
 * @param isEmpty whether the element ends where it begins
 */
public record SvgRoot(
        String name,
        @Nullable String width,
        @Nullable String height,
        @Nullable String viewBox,
        boolean isEmpty) {
    /** Bytes within which the root element must begin and its start tag end: room for licences and document types. */
    public static final int START = 65_536;

    private static final String NAMESPACE = "http://www.w3.org/2000/svg";
    private static final int MOST_EVENTS = 1_000;

    /** A character that is in no address: what an entity stands for. */
    private static final String UNKNOWN = "\uFFFD";

    private static final Pattern ENTITY = Pattern.compile("&(?!#|(?:lt|gt|amp|quot|apos);)[^\\s&;<>\"'#]{1,100};");

    /** As ISO 8859-1 shows it. */
    private static final String UTF8_MARK = "\u00ef\u00bb\u00bf";

    /** The JDK's own, whose readers share nothing once it is configured. */
    private static final XMLInputFactory READERS = readers();

    private static XMLInputFactory readers() {
        XMLInputFactory readers = XMLInputFactory.newDefaultFactory();
        readers.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        readers.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        readers.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
        readers.setXMLResolver((publicId, systemId, base, namespace) -> {
            throw new XMLStreamException("external entities are off");
        });
        return readers;
    }

    /**
     * The root of the document that begins with {@code start}; null when that is no SVG. UTF-8 and whatever else shares
     * ASCII, or UTF-16 with its byte order mark. Takes about a millisecond for {@link #START} bytes.
     */
    public static @Nullable SvgRoot read(byte[] start) {
        String text = text(start);
        if (text.isBlank()) {
            return null;
        }
        try {
            return read(READERS.createXMLStreamReader(
                    new StringReader(ENTITY.matcher(text).replaceAll(UNKNOWN))));
        } catch (XMLStreamException notXml) {
            return null;
        }
    }

    /**
     * The text of a document's part, in which all markup is right; what is not ASCII may not be, unless it is UTF-16.
     *
     * @param mark whether that of its beginning says UTF-16
     */
    public static String text(byte[] bytes, @Nullable Charset mark) {
        return new String(bytes, mark == null ? StandardCharsets.ISO_8859_1 : mark);
    }

    /** UTF-16 of either order when {@code start} has its mark, else null. */
    public static @Nullable Charset mark(byte[] start) {
        int two = start.length < 2 ? 0 : ((start[0] & 0xff) << 8) | (start[1] & 0xff);
        return switch (two) {
            case 0xfeff -> StandardCharsets.UTF_16BE;
            case 0xfffe -> StandardCharsets.UTF_16LE;
            default -> null;
        };
    }

    private static String text(byte[] start) {
        Charset mark = mark(start);
        String text = text(start, mark);
        if (mark != null) {
            return text.substring(1);
        }
        return text.startsWith(UTF8_MARK) ? text.substring(UTF8_MARK.length()) : text;
    }

    private static @Nullable SvgRoot read(XMLStreamReader document) throws XMLStreamException {
        for (int events = 0; events < MOST_EVENTS; events++) {
            int event = document.next();
            if (event == XMLStreamConstants.DTD && isHtml(document.getText())) {
                return null;
            }
            if (event == XMLStreamConstants.START_ELEMENT) {
                return isSvg(document) ? root(document) : null;
            }
        }
        return null;
    }

    private static boolean isHtml(@Nullable String documentType) {
        return documentType != null && documentType.toLowerCase(Locale.ROOT).startsWith("<!doctype html");
    }

    /** librsvg takes one without a namespace too. */
    private static boolean isSvg(XMLStreamReader document) {
        String namespace = document.getNamespaceURI();
        return "svg".equals(document.getLocalName())
                && (namespace == null
                        || namespace.isEmpty()
                        || namespace.equals(NAMESPACE)
                        || namespace.equals(UNKNOWN));
    }

    private static SvgRoot root(XMLStreamReader document) {
        String prefix = document.getPrefix();
        String name = prefix == null || prefix.isEmpty() ? "svg" : prefix + ":svg";
        String width = document.getAttributeValue(null, "width");
        String height = document.getAttributeValue(null, "height");
        String viewBox = document.getAttributeValue(null, "viewBox");
        return new SvgRoot(name, width, height, viewBox, endsHere(document));
    }

    private static boolean endsHere(XMLStreamReader document) {
        try {
            return document.next() == XMLStreamConstants.END_ELEMENT;
        } catch (XMLStreamException cutOff) {
            return false;
        }
    }
}
