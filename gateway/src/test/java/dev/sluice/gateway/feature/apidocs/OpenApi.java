package dev.sluice.gateway.feature.apidocs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** An OpenAPI document with its references followed, and whether a value is of a shape that it tells. */
record OpenApi(JsonNode document) {

    /** One method of one path. */
    record Operation(String method, String path, JsonNode content) {
        String id() {
            return content.path("operationId").asString("");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    List<Operation> operations() {
        List<Operation> all = new ArrayList<>();
        document.required("paths")
                .forEachEntry((path, methods) -> methods.forEachEntry(
                        (method, content) -> all.add(new Operation(method.toUpperCase(Locale.ROOT), path, content))));
        return all;
    }

    Operation operation(String id) {
        return operations().stream()
                .filter(operation -> operation.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** What a reference leads to; anything else is itself. */
    JsonNode resolved(JsonNode node) {
        String reference = node.path("$ref").asString("");
        return reference.isEmpty() ? node : document.at(reference.substring(1));
    }

    /** Every object at any depth. */
    Stream<JsonNode> objects() {
        return objects(document);
    }

    private static Stream<JsonNode> objects(JsonNode node) {
        Stream<JsonNode> below = node.valueStream().flatMap(OpenApi::objects);
        return node.isObject() ? Stream.concat(Stream.of(node), below) : below;
    }

    /** Calls {@code visitor} for each object of {@code value} with those members that its schema does not require. */
    void objects(JsonNode schema, JsonNode value, BiConsumer<ObjectNode, List<String>> visitor) {
        JsonNode shape = resolved(schema);
        value.valueStream()
                .filter(item -> shape.has("items"))
                .forEach(item -> objects(shape.required("items"), item, visitor));
        if (value instanceof ObjectNode object && shape.has("properties")) {
            List<String> required = words(shape.path("required"));
            JsonNode properties = shape.required("properties");
            properties.forEachEntry((name, member) -> objects(member, object.path(name), visitor));
            visitor.accept(
                    object,
                    properties.propertyNames().stream()
                            .filter(name -> !required.contains(name))
                            .toList());
        }
    }

    /** The values of the examples of a media type. */
    List<JsonNode> examples(JsonNode mediaType) {
        if (mediaType.has("example")) {
            return List.of(mediaType.required("example"));
        }
        return mediaType
                .path("examples")
                .valueStream()
                .map(example -> resolved(example).path("value"))
                .toList();
    }

    /** What is wrong with {@code value}, each with where; a member that the schema does not tell of is wrong too. */
    List<String> faults(JsonNode schema, JsonNode value, String where) {
        List<JsonNode> parts = parts(schema);
        List<String> faults = new ArrayList<>();
        Map<String, List<JsonNode>> members = new TreeMap<>();
        for (JsonNode part : parts) {
            part.path("properties")
                    .forEachEntry((name, member) -> members.computeIfAbsent(name, first -> new ArrayList<>())
                            .add(member));
            faults.addAll(ofPart(part, value, where));
        }
        if (!members.isEmpty()) {
            value.forEachEntry((name, member) -> {
                if (!members.containsKey(name)) {
                    faults.add(where + "." + name + " is not documented");
                }
                members.getOrDefault(name, List.of())
                        .forEach(known -> faults.addAll(faults(known, member, where + "." + name)));
            });
        }
        return faults;
    }

    private List<String> ofPart(JsonNode part, JsonNode value, String where) {
        List<String> faults = new ArrayList<>();
        if (part.has("type") && words(part.required("type")).stream().noneMatch(type -> isOf(type, value))) {
            faults.add(where + " is " + value + ", not " + part.required("type"));
        }
        if (part.has("enum") && part.required("enum").valueStream().noneMatch(value::equals)) {
            faults.add(where + " is " + value + ", none of " + part.required("enum"));
        }
        if (part.has("anyOf")
                && part.required("anyOf")
                        .valueStream()
                        .noneMatch(one -> faults(one, value, where).isEmpty())) {
            faults.add(where + " is " + value + ", none of the alternatives");
        }
        if (value.isObject()) {
            words(part.path("required")).stream()
                    .filter(name -> !value.has(name))
                    .forEach(name -> faults.add(where + "." + name + " is missing"));
        }
        if (value.isArray() && part.has("items")) {
            value.valueStream().forEach(item -> faults.addAll(faults(part.required("items"), item, where + "[]")));
        }
        return faults;
    }

    /** A schema, what it refers to and what it is made of. */
    private List<JsonNode> parts(JsonNode schema) {
        List<JsonNode> parts = new ArrayList<>();
        parts.add(schema);
        if (schema.has("$ref")) {
            parts.addAll(parts(resolved(schema)));
        }
        schema.path("allOf").valueStream().forEach(each -> parts.addAll(parts(each)));
        return parts;
    }

    /** A string or an array of them. */
    static List<String> words(JsonNode node) {
        return node.isString()
                ? List.of(node.stringValue())
                : node.valueStream().map(JsonNode::stringValue).toList();
    }

    /** An integer is a number, too. */
    private static boolean isOf(String type, JsonNode value) {
        return type.equals(type(value)) || (type.equals("number") && value.isNumber());
    }

    private static String type(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "array";
            case OBJECT -> "object";
            case STRING -> "string";
            case BOOLEAN -> "boolean";
            case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
            default -> "null";
        };
    }
}
