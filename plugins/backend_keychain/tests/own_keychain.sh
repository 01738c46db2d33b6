#!/bin/sh
# Makes the keychain that test_kc_real.py uses, and makes it the default one: the tests touch no other. For machines of
# CI; on your own, undo it afterwards:
#   security default-keychain -d user -s login.keychain-db && security delete-keychain palyra-test.keychain-db
set -eu
name=palyra-test.keychain-db
security create-keychain -p palyra-test "$name"
security set-keychain-settings "$name" # it does not lock itself
security unlock-keychain -p palyra-test "$name"
security list-keychains -d user -s "$name" login.keychain-db
security default-keychain -d user -s "$name"
security default-keychain -d user
