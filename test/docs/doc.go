// Package docs holds the documentation to what it says: that its links lead somewhere, that the navigation has every page, that the
// documents shown are ones that load, that the metrics named exist, and that every package has its line.
package docs
