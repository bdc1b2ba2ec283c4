// Style sheets are imported for the build to bundle; they hold nothing.
declare module "*.css";
