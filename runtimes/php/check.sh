#!/bin/sh
# Checks in the build image.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)

case ${1:-} in
syntax)
  # Debian has no formatter for PHP: this is what can be told without one.
  found=$(find "$here" "$repository/conformance/functions/php" -name '*.php' -print)
  wrong=0
  for file in $found; do
    php -d display_errors=1 -d log_errors=0 -l "$file" >/dev/null || wrong=1
    grep -q '^declare(strict_types=1);$' "$file" || {
      echo "$file: no declare(strict_types=1)"
      wrong=1
    }
    if grep -nE "$(printf '\t| +$|\r|^.{141,}')" "$file"; then
      echo "$file: tabs, white space at a line's end, or a line of more than 140 characters"
      wrong=1
    fi
  done
  exit $wrong
  ;;
test) phpunit --no-configuration --bootstrap "$here/server/tests/bootstrap.php" --do-not-cache-result --fail-on-warning --fail-on-notice --fail-on-deprecation "$here/server/tests" ;;
*) echo "check.sh syntax or test" >&2 && exit 64 ;;
esac
