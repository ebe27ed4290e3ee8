#!/usr/bin/env bash
# What a real WordPress answers to the calls of WordPressMedia: right and wrong credentials, plain permalinks, a
# sub-directory, files that it will not have. Prints each answer; WordPressMediaTest has them recorded. Needs
# Debian's packages wordpress, mariadb-server, php-cli, php-mysql and curl; touches loopback only, on free ports, and
# leaves nothing behind.
#
#   gateway/bench/wordpress.sh
#
# Seen with WordPress 6.1.9 (Debian 12) on 2026-11-28: a wrong application password is answered exactly like none (401
# rest_cannot_create); so are one that the web server took away, and http on a site that is not local. What is refused
# because of its type or for want of a directory is a 500, rest_upload_sideload_error. PHP's limits on sizes do not hold
# for a body that is the file itself. Each front page names its API in a field Link; without pretty permalinks it is
# index.php?rest_route=/, and /wp-json/ is nothing that the web server knows.
set -euo pipefail
for tool in mariadbd mariadb-install-db mariadb php curl; do
  command -v "$tool" > /dev/null || { echo "needs $tool (in Debian: apt-get install wordpress mariadb-server php-cli php-mysql)" >&2; exit 1; }
done
[ -d /usr/share/wordpress ] || { echo "needs /usr/share/wordpress (in Debian: apt-get install wordpress)" >&2; exit 1; }

work=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait 2> /dev/null || true
  rm -rf "$work"
}
trap finish EXIT
free_port() { php -r '$s = stream_socket_server("tcp://127.0.0.1:0"); echo explode(":", stream_socket_get_name($s, false))[1];'; }
port=$(free_port)
site=http://127.0.0.1:$port

mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$work/db" --auth-root-authentication-method=normal > /dev/null
mariadbd --no-defaults --user="$(id -un)" --datadir="$work/db" --socket="$work/db.sock" --skip-networking \
  --innodb-buffer-pool-size=32M --pid-file="$work/db.pid" > "$work/db.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do mariadb --no-defaults -S "$work/db.sock" -u root -e 'CREATE DATABASE wp' 2> /dev/null && break; sleep 0.2; done

mkdir -p "$work/www"
cp -rL /usr/share/wordpress "$work/www/wp"
rm -rf "$work/www/wp/wp-content/uploads"; mkdir -p "$work/www/wp/wp-content/uploads"
cat > "$work/www/wp/wp-config.php" << PHP
<?php
define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:$work/db.sock'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
// "local" lets application passwords do without https.
define('WP_ENVIRONMENT_TYPE', getenv('WP_TYPE') ?: 'local');
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true);
\$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
# The part of a web server: files as they are, all else to WordPress below BASE.
cat > "$work/router.php" << 'PHP'
<?php
$base = getenv('BASE') ?: '';
if (getenv('STRIP')) { unset($_SERVER['HTTP_AUTHORIZATION'], $_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW']); }
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($base !== '' && strncmp($path, "$base/", strlen($base) + 1) !== 0) { http_response_code(404); echo 'nothing here'; return; }
$file = getenv('WWW') . '/wp' . substr($path, strlen($base));
if (getenv('PLAIN') && !in_array($path, ["$base/", "$base/index.php"])) { http_response_code(404); echo 'Not Found'; return; }
if (is_file($file) && !str_ends_with($file, '.php')) { header('Content-Type: ' . mime_content_type($file)); readfile($file); return; }
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = "$base/index.php";
chdir(getenv('WWW') . '/wp');
require getenv('WWW') . '/wp/index.php';
PHP
install() { php -d error_reporting=0 << PHP
<?php
\$_SERVER['HTTP_HOST'] = '127.0.0.1:$port'; \$_SERVER['REQUEST_URI'] = '/';
define('WP_INSTALLING', true); define('WP_SITEURL', '$site');
require '$work/www/wp/wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Blog', 'editor', 'editor@example.invalid', true, '', 'own password');
\$user = get_user_by('login', 'editor');
[\$password] = WP_Application_Passwords::create_new_application_password(\$user->ID, ['name' => 'Sluice']);
wp_insert_user(['user_login' => 'reader', 'user_pass' => 'own password', 'role' => 'subscriber', 'user_email' => 'r@example.invalid']);
[\$reader] = WP_Application_Passwords::create_new_application_password(get_user_by('login', 'reader')->ID, ['name' => 'Sluice']);
echo WP_Application_Passwords::chunk_password(\$password), "\n", WP_Application_Passwords::chunk_password(\$reader), "\n";
echo \$wp_version, "\n";
PHP
}
option() { php -d error_reporting=0 << PHP
<?php
\$_SERVER['HTTP_HOST'] = '127.0.0.1:$port';
require '$work/www/wp/wp-load.php';
update_option('$1', '$2'); flush_rewrite_rules(false);
PHP
}
serve() {
  [ -z "${web:-}" ] || { kill "$web"; wait "$web" 2> /dev/null || true; }
  env "$@" WWW="$work/www" php -d post_max_size=1M -d upload_max_filesize=512K -d display_errors=0 \
    -S "127.0.0.1:$port" -t "$work/www" "$work/router.php" > "$work/web.log" 2>&1 &
  web=$!; pids+=("$web")
  for _ in $(seq 100); do curl -s -o /dev/null "$site/" && break; sleep 0.1; done
}
mapfile -t passwords < <(install)
password=${passwords[0]}; reader=${passwords[1]}
echo "WordPress ${passwords[2]}"

printf '%s' 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' | base64 -d > "$work/a.png"
printf '<svg xmlns="http://www.w3.org/2000/svg"/>' > "$work/a.svg"
{ cat "$work/a.png"; head -c 600000 /dev/zero; } > "$work/big.png"
{ cat "$work/a.png"; head -c 1200000 /dev/zero; } > "$work/huge.png"
# what, path, further arguments of curl
ask() {
  printf '\n## %s\n' "$1"
  curl -sS --max-time 30 -D "$work/head" -o "$work/body" -H 'Accept: application/json' "${@:3}" "$site$2" || true
  grep -iE '^(HTTP/|Link:|Location:|Allow:|WWW-Authenticate:|X-WP|Content-Type:)' "$work/head" | tr -d '\r'
  head -c 700 "$work/body" | tr '\n' ' '; echo
}
send() { # what, path, user:password or "", file, type
  local auth=(); [ -z "$3" ] || auth=(-u "$3")
  ask "$1" "$2" "${auth[@]}" -H "Content-Disposition: attachment; filename=\"$(basename "$4")\"; filename*=UTF-8''$(basename "$4")" \
    -H "Content-Type: $5" --data-binary "@$4"
}
media=/wp-json/wp/v2/media
plain='/?rest_route=/wp/v2/media'

serve BASE=
option permalink_structure '/%postname%/'
ask 'the front page, pretty permalinks' / -I
send 'a picture' $media "editor:$password" "$work/a.png" image/png
send 'a picture without a password' $media "" "$work/a.png" image/png
send 'a wrong application password' $media "editor:wrong wrong" "$work/a.png" image/png
send "the user's own password" $media "editor:own password" "$work/a.png" image/png
send 'a user that there is not' $media "nobody:$password" "$work/a.png" image/png
send 'a user who may not upload' $media "reader:$reader" "$work/a.png" image/png
send 'a type that it will not have' $media "editor:$password" "$work/a.svg" image/svg+xml
send 'a name whose type is another' $media "editor:$password" "$work/a.svg" image/png
send 'more than upload_max_filesize' $media "editor:$password" "$work/big.png" image/png
send 'more than post_max_size' $media "editor:$password" "$work/huge.png" image/png
ask 'without Content-Disposition' $media -u "editor:$password" -H 'Content-Type: image/png' --data-binary "@$work/a.png"
ask 'an alternative text' "$media/4" -u "editor:$password" -H 'Content-Type: application/json' -d '{"alt_text":"A dot"}'
ask 'who am I, wrong password' /wp-json/wp/v2/users/me -u "editor:wrong"
ask 'who am I, no password' /wp-json/wp/v2/users/me
rm -rf "$work/www/wp/wp-content/uploads"; touch "$work/www/wp/wp-content/uploads"
send 'no place for uploads' $media "editor:$password" "$work/a.png" image/png
rm "$work/www/wp/wp-content/uploads"; mkdir "$work/www/wp/wp-content/uploads"

serve BASE= STRIP=1
send 'Authorization stripped by the web server' $media "editor:$password" "$work/a.png" image/png
serve BASE= WP_TYPE=production
send 'http, not a local site' $media "editor:$password" "$work/a.png" image/png
ask 'the index of the API over http' /wp-json/ -u "editor:$password"

serve BASE= PLAIN=1
option permalink_structure ''
ask 'the front page, plain permalinks' / -I
send 'plain permalinks, the pretty path' $media "editor:$password" "$work/a.png" image/png
send 'plain permalinks' "$plain" "editor:$password" "$work/a.png" image/png
send 'plain permalinks, index.php' "/index.php?rest_route=/wp/v2/media" "editor:$password" "$work/a.png" image/png

option siteurl "$site/blog"; option home "$site/blog"
serve BASE=/blog
option permalink_structure '/%postname%/'
ask 'the front page in a sub-directory' /blog/ -I
send 'in a sub-directory' "/blog$media" "editor:$password" "$work/a.png" image/png
send 'beside the sub-directory' "$media" "editor:$password" "$work/a.png" image/png
option permalink_structure '/index.php/%postname%/'
ask 'the front page, permalinks with index.php' /blog/ -I
option home "http://www.example.invalid/blog"
ask 'the front page by another name' /blog/ -I
send 'by another name' "/blog$media" "editor:$password" "$work/a.png" image/png
