#!/bin/sh
# Makes a Kubo node speak to nobody but the devices of the team: it is dialled by them, and dials nobody by itself.
set -e
ipfs config --json AutoConf.Enabled false
ipfs bootstrap rm --all
ipfs config Routing.Type none
ipfs config --json Provide.Enabled false
ipfs config --json Discovery.MDNS.Enabled false
ipfs config --json Swarm.RelayClient.Enabled false
