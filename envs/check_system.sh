#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check_system.sh python <interpreter>   is it new enough, and can it make environments?
# check_system.sh gmsh <interpreter>     can it import gmsh? if not, say which system libraries are missing
set -u

python_check() {
  if ! "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "error: $1 is missing or older than Python 3.11: install a newer one and run make PYTHON=<path to it>" >&2
    return 1
  fi
  if ! "$1" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "error: $1 cannot make virtual environments: install its venv module (Debian, Ubuntu: apt-get install python3-venv)" >&2
    return 1
  fi
}

gmsh_check() {
  local message
  message=$("$1" -c 'import gmsh' 2>&1) && return 0
  {
    echo "error: gmsh cannot be loaded: ${message##*$'\n'}"
    echo "It needs a few libraries of the system. Ask for them by the one of these commands that fits:"
    echo "  Debian, Ubuntu   apt-get install libglu1-mesa libxrender1 libxcursor1 libxft2 libxinerama1"
    echo "  Fedora, Rocky    dnf install mesa-libGLU libXrender libXcursor libXft libXinerama"
    echo "Then run the same command again."
  } >&2
  return 1
}

case "${1:-}" in
  python) python_check "$2" ;;
  gmsh) gmsh_check "$2" ;;
  *) echo "usage: check_system.sh python|gmsh <interpreter>" >&2; exit 2 ;;
esac
