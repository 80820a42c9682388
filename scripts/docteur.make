#!/bin/sh
# The original's command of this name; `docteur make` takes every option that it took.

self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=${self%/*}/$target ;;
  esac
done
case $self in
  */*) scripts=${self%/*} ;;
  *) scripts=. ;;
esac
exec "${scripts:-/}/docteur" make "$@"
