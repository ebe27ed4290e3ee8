package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** The modules' JSDoc types, judged by TypeScript's own compiler in a blank page, since a browser is what there is. */
@ExtendWith(WebApp.Extension.class)
class ModuleTypesTest {
    private static final String WEBJARS = "/META-INF/resources/webjars/";
    private static final String COMPILER = "typescript/*/lib/";
    private static final String COMPILE = """
            ({files, modules}) => {
              const options = {
                allowJs: true, checkJs: true, noEmit: true, strict: true, noImplicitAny: false,
                useUnknownInCatchVariables: false, skipLibCheck: true, types: [],
                target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext,
                moduleResolution: ts.ModuleResolutionKind.Bundler,
                lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
              };
              const host = {
                fileExists: (name) => name in files,
                readFile: (name) => files[name],
                getSourceFile: (name, version) => name in files ? ts.createSourceFile(name, files[name], version) : undefined,
                getDefaultLibFileName: () => '/lib/lib.d.ts',
                getDefaultLibLocation: () => '/lib',
                getCurrentDirectory: () => '/',
                getCanonicalFileName: (name) => name,
                useCaseSensitiveFileNames: () => true,
                getNewLine: () => '\\n',
                writeFile: () => {},
              };
              return ts.getPreEmitDiagnostics(ts.createProgram(modules, options, host)).map((found) => {
                const at = found.file ? found.file.fileName + ':' + (found.file.getLineAndCharacterOfPosition(found.start).line + 1) : '';
                return at + ' ' + ts.flattenDiagnosticMessageText(found.messageText, '\\n');
              });
            }""";

    private final PathMatchingResourcePatternResolver classPath = new PathMatchingResourcePatternResolver();

    @Test
    void everyModuleKeepsItsTypes(WebApp app) throws IOException {
        Map<String, String> files = new HashMap<>();
        add(files, "/lib/", COMPILER, "lib.*.d.ts");
        add(files, "/node_modules/preact/", "preact/*/", "package.json");
        add(files, "/node_modules/preact/", "preact/*/", "src/*.d.ts");
        add(files, "/node_modules/preact/", "preact/*/", "hooks/package.json");
        add(files, "/node_modules/preact/", "preact/*/", "hooks/src/*.d.ts");
        // Its package.json names types only for what does not import it.
        add(files, "/node_modules/blurhash/", "blurhash/*/dist/", "index.d.ts");
        List<String> modules = new ArrayList<>();
        Assets.load().files().forEach((name, asset) -> {
            if (name.endsWith(".js") && !name.startsWith("lib/")) {
                modules.add("/app/" + name);
                files.put(
                        "/app/" + name,
                        StandardCharsets.UTF_8
                                .decode(asset.plain().bytes().duplicate())
                                .toString());
            }
        });

        // What it would find, it finds: a module whose types are wrong, beside the others.
        files.put("/app/wrong.js", "import { bytes } from './format.js';\nbytes('many');\n");
        modules.add("/app/wrong.js");
        try (Visit visit = app.visit()) {
            Page page = visit.page();
            page.evaluate(text("typescript/*/lib/typescript.js") + "\nglobalThis.ts = ts; undefined");
            List<?> found = (List<?>)
                    Objects.requireNonNull(page.evaluate(COMPILE, Map.of("files", files, "modules", modules)));

            assertThat(found).singleElement().asString().startsWith("/app/wrong.js:2 Argument of type 'string'");
        }
    }

    private String text(String path) throws IOException {
        Resource[] found = classPath.getResources("classpath*:" + WEBJARS + path);
        assertThat(found).as(path).hasSize(1);
        return found[0].getContentAsString(StandardCharsets.UTF_8);
    }

    /** Adds the WebJar's files of that pattern, under the path that they have below its folder. */
    private void add(Map<String, String> files, String to, String folder, String pattern) throws IOException {
        Resource[] found = classPath.getResources("classpath*:" + WEBJARS + folder + pattern);
        assertThat(found).as(folder + pattern).isNotEmpty();
        int depth = folder.split("/", -1).length - 1;
        for (Resource file : found) {
            String url = file.getURL().toString();
            String below = url.substring(url.lastIndexOf(WEBJARS) + WEBJARS.length());
            files.put(to + below.split("/", depth + 1)[depth], file.getContentAsString(StandardCharsets.UTF_8));
        }
    }
}
